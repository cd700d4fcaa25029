// A hand-written version: an execution that waits until it is told to go on.
'use strict';
const wf = require('@temporalio/workflow');
const { greet } = wf.proxyActivities({ startToCloseTimeout: '10s' });

exports.WaitingWorkflow = async function WaitingWorkflow() {
  let isDone = false;
  wf.setHandler(wf.defineQuery('isWaiting'), () => !isDone);
  wf.setHandler(wf.defineSignal('goOn'), () => void (isDone = true));
  await wf.condition(() => isDone);
  return greet({ name: 'Ada' });
};
