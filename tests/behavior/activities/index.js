'use strict';
// Activities for the tests of the definition language. They live in the worker's process and remember there; nothing else may be needed here.

const calls = new Map();
const notes = new Map();

function count(key) {
  const attempt = (calls.get(key) ?? 0) + 1;
  calls.set(key, attempt);
  return attempt;
}

exports.echo = async (text) => text;

exports.add = async ({ a, b }) => a + b;

exports.pause = async (milliseconds) => {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  return `${milliseconds} ms`;
};

exports.flaky = async ({ key, failures }) => {
  const attempt = count(`flaky ${key}`);
  if (attempt <= failures) throw new Error(`attempt ${attempt} failed`);
  return { success: true, attempt, stderr: '' };
};

exports.unsteady = async ({ key, failures }) => {
  const attempt = count(`unsteady ${key}`);
  const success = attempt > failures;
  return { success, attempt, stderr: success ? '' : `attempt ${attempt} was no success` };
};

exports.broken = async ({ name, message }) => {
  const error = new Error(message);
  error.name = name;
  throw error;
};

exports.note = async (key, line) => {
  const lines = notes.get(key) ?? [];
  notes.set(key, [...lines, line]);
  return lines.length + 1;
};
