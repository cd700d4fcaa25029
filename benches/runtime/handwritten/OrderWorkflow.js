// What a person who knows Temporal writes for OrderWorkflow of ../definitions/bench.yaml.
'use strict';

const { executeChild, isCancellation } = require('@temporalio/workflow');

exports.OrderWorkflow = async function OrderWorkflow({ orderId, parts }) {
  const waiting = Array.from({ length: parts }, (_, index) => `part-${index}`);
  const built = [];
  const failed = [];
  const active = new Map();

  const build = async (name) => {
    try {
      const { success } = await executeChild('PartWorkflow', { workflowId: `${orderId}-${name}`, args: [{ name }] });
      return { name, success };
    } catch (error) {
      if (isCancellation(error)) throw error;
      return { name, success: false, error };
    }
  };

  while (waiting.length > 0 || active.size > 0) {
    while (active.size < 4 && waiting.length > 0) {
      const name = waiting.shift();
      active.set(name, build(name));
    }
    const { name, success, error } = await Promise.race(active.values());
    active.delete(name);
    if (success) built.push(name);
    else failed.push({ name, error });
  }
  return built;
};
