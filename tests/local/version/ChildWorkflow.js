// A hand-written workflow: what a compiled one looks like to the worker.
'use strict';
const wf = require('@temporalio/workflow');
const { flaky, greet } = wf.proxyActivities({ startToCloseTimeout: '10s', retry: { initialInterval: '1s', backoffCoefficient: 1 } });

exports.ChildWorkflow = async function ChildWorkflow({ name, failures }) {
  await flaky({ failures });
  return greet({ name });
};
