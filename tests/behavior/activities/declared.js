'use strict';
// Activities whose types are declared in the ActivityModule: a signature and JSON Schemas.

exports.measure = async (text) => ({ length: text.length, words: text.split(' ') });

exports.combine = async ({ left, right = 'nothing' }) => ({ text: `${left} and ${right}` });
