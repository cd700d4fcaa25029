// What a person who knows Temporal writes for PartWorkflow of ../definitions/bench.yaml.
'use strict';

const { proxyActivities } = require('@temporalio/workflow');

const { buildPart } = proxyActivities({ startToCloseTimeout: '1 minute' });

exports.PartWorkflow = async function PartWorkflow({ name }) {
  const compiled = await buildPart({ name, step: 'compile' });
  const tested = await buildPart({ name, step: 'test' });
  const packed = await buildPart({ name, step: 'pack' });
  if (!compiled.success || !tested.success || !packed.success) return { success: false, artifact: '' };
  return { success: true, artifact: packed.artifact };
};
