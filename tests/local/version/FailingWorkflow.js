// A hand-written workflow: what a compiled one looks like to the worker.
'use strict';
const wf = require('@temporalio/workflow');

exports.FailingWorkflow = async function FailingWorkflow() {
  throw wf.ApplicationFailure.nonRetryable('the disk is full', 'DiskError');
};
