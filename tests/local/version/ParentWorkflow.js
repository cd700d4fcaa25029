// A hand-written workflow: what a compiled one looks like to the worker.
'use strict';
const wf = require('@temporalio/workflow');

exports.ParentWorkflow = async function ParentWorkflow(input) {
  const state = { phase: 'waiting', names: input.names ?? [] };
  wf.setHandler(wf.defineQuery('getPhase'), () => state.phase);
  wf.setHandler(wf.defineSignal('addName'), (name) => void state.names.push(name));
  wf.setHandler(wf.defineUpdate('rename'), (name) => { state.names = [name]; return state.names.length; });
  await wf.condition(() => state.names.length > 0);
  state.phase = 'greeting';
  const greeting = await wf.executeChild('ChildWorkflow', { workflowId: `${wf.workflowInfo().workflowId}-child`, args: [{ name: state.names[0], failures: input.failures }] });
  await wf.sleep('50ms');
  if (input.rounds > 0) await wf.continueAsNew({ ...input, rounds: input.rounds - 1, names: state.names });
  state.phase = 'done';
  return { greeting };
};
