'use strict';
const { Context, ApplicationFailure } = require('@temporalio/activity');

/** Fails until its attempts exceed `failures`. */
exports.flaky = async ({ failures }) => {
  const { attempt } = Context.current().info;
  if (attempt <= failures) throw ApplicationFailure.retryable(`attempt ${attempt} of the flaky one`, 'FlakyError');
};

exports.greet = async ({ name }) => `Hello, ${name}!`;
