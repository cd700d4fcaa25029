'use strict';

/** `Hello World` becomes `hello-world`. */
function kebabCase(text) {
  return words(text).join('-');
}

/** `hello world` becomes `Hello World`. */
function titleCase(text) {
  return words(text)
    .map((word) => word[0].toUpperCase() + word.slice(1))
    .join(' ');
}

/** At most `length` characters; what is cut off is shown by an ellipsis. */
function truncate(text, length) {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

function words(text) {
  return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
}

module.exports = { kebabCase, titleCase, truncate };
