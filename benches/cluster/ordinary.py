"""The same workflow by the ordinary way: written by hand, bundled by webpack, put into an image that is pushed, run by a Deployment of a Temporal worker
with a version of its own, and made current by Temporal's command line. Only what an edit needs is timed: image layers below it are there already."""

import json
import os
import subprocess
import tarfile
import time

from ground import output

HERE = os.path.dirname(os.path.realpath(__file__))
NAME = "ordinary"
# Where the worker's image has the SDK.
SDK = "/opt/warpline/worker"

WORKFLOW = """import {{ condition }} from '@temporalio/workflow';

export async function AloneWorkflow(input: {{ go: boolean }}): Promise<string> {{
  await condition(() => input.go, '1h');
  return {text};
}}
"""

BUNDLE = """import { bundleWorkflowCode } from '@temporalio/worker';
import { writeFile } from 'node:fs/promises';
const { code } = await bundleWorkflowCode({ workflowsPath: process.argv[2], logger: { info() {}, debug() {}, trace() {}, warn: console.warn, error: console.error, log() {} } });
await writeFile(process.argv[3], code);
"""

WORKER = """import { NativeConnection, Worker } from '@temporalio/worker';
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
const connection = await NativeConnection.connect({ address: process.env.TEMPORAL_ADDRESS });
const worker = await Worker.create({
  connection, taskQueue: process.env.TASK_QUEUE, workflowBundle: { codePath: '/ordinary/bundle.js' },
  workerDeploymentOptions: {
    useWorkerVersioning: true, defaultVersioningBehavior: 'PINNED',
    version: { deploymentName: process.env.DEPLOYMENT, buildId: process.env.BUILD_ID },
  },
});
createServer((_, answer) => { answer.statusCode = worker.getState() === 'RUNNING' ? 200 : 503; answer.end(); }).listen(8080);
await worker.run();
"""


class Ordinary:
    def __init__(self, ground):
        self.ground, self.edit = ground, 0
        self.folder = os.path.join(os.path.dirname(os.path.dirname(ground.env["KUBECONFIG"])), NAME)
        os.makedirs(self.folder)
        # As in a project of its own: the packages are installed.
        os.symlink(ground.env["NODE_PACKAGES"], os.path.join(self.folder, "node_modules"))
        self.write("bundle.mjs", BUNDLE)
        self.write("worker.mjs", WORKER)

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def live(self, text):
        """One edit, until new executions begin on it; the seconds that it took."""
        begun = time.time()
        self.edit += 1
        self.write("workflows.ts", WORKFLOW.format(text=json.dumps(text)))
        subprocess.run(["node", "bundle.mjs", os.path.join(self.folder, "workflows.ts"), "bundle.js"], cwd=self.folder, check=True)
        image = self.image()
        self.ground.apply([self.deployment(image)])
        self.ground.kubectl("rollout", "status", f"deployment/{NAME}-{self.edit}", "--timeout=120s")
        self.current()
        return time.time() - begun

    def image(self):
        layer = os.path.join(self.folder, "layer.tar")
        with tarfile.open(layer, "w") as tar:
            for name, at in (("bundle.js", f"{NAME}/bundle.js"), ("worker.mjs", f"{SDK.strip('/')}/ordinary.mjs")):
                tar.add(os.path.join(self.folder, name), at)
        image = f"{self.ground.env['REGISTRY']}/{NAME}:{self.edit}"
        output(self.ground.env["CRANE"], "append", "--base", self.ground.env["WORKER_IMAGE"], "--new_layer", layer, "--new_tag", image)
        return image

    def deployment(self, image):
        labels = {"app": f"{NAME}-{self.edit}"}
        variables = {"TEMPORAL_ADDRESS": "temporal-frontend.temporal.svc:7233", "TASK_QUEUE": NAME, "DEPLOYMENT": NAME, "BUILD_ID": str(self.edit)}
        container = {
            "name": "worker",
            "image": image,
            "command": ["node", f"{SDK}/ordinary.mjs"],
            "env": [{"name": name, "value": value} for name, value in variables.items()],
            "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1},
        }
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": f"{NAME}-{self.edit}", "namespace": self.ground.namespace},
            "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}},
        }

    def current(self):
        """Asks until the server knows the version."""
        command = ["worker", "deployment", "set-current-version", "--deployment-name", NAME, "--build-id", str(self.edit), "--yes"]
        command = [self.ground.env["TEMPORAL"], *command, "--address", self.ground.env["TEMPORAL_ADDRESS"]]
        while subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode:
            time.sleep(0.2)
