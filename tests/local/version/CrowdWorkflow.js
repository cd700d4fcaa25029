// A hand-written workflow: what a compiled one looks like to the worker.
'use strict';
const wf = require('@temporalio/workflow');

exports.CrowdWorkflow = async function CrowdWorkflow({ count }) {
  const names = Array.from({ length: count }, (_, index) => `child-${index}`);
  const greetings = await Promise.all(names.map((name) => wf.executeChild('ChildWorkflow', { args: [{ name, failures: 1 }] })));
  return greetings.length;
};
