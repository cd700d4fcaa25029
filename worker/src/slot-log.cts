// Runs inside the workflow sandbox: adds the build that runs a workflow to each of its log lines.
// May use types of `@temporalio/workflow` only.

import type { WorkflowInterceptors } from '@temporalio/workflow';

declare const __warpline_version: { readonly deploymentName: string; readonly buildId: string };

/** Called by the SDK once per execution. */
const interceptors = (): WorkflowInterceptors => ({
  outbound: [
    {
      getLogAttributes(attributes, next) {
        const { deploymentName, buildId } = __warpline_version;
        return next({ ...attributes, deploymentName, buildId });
      },
    },
  ],
});

export = { interceptors };
