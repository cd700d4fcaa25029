// What a worker finds when it loads the entry points: activities, and nothing that it should not register.

import * as agent from '@warpline-examples/package-builder-activities/agent';
import * as registry from '@warpline-examples/package-builder-activities/agent-registry';
import * as build from '@warpline-examples/package-builder-activities/build';
import * as mcp from '@warpline-examples/package-builder-activities/mcp';
import * as report from '@warpline-examples/package-builder-activities/report';
import * as types from '@warpline-examples/package-builder-activities/types';
import assert from 'node:assert/strict';
import { test } from 'node:test';

test('every entry point exports exactly its activities', () => {
  const names = (module: object): string[] => Object.keys(module).sort();
  assert.deepEqual(names(agent), ['spawnFixAgent', 'verifyDependencies']);
  assert.deepEqual(names(registry), ['loadAgentRegistry']);
  assert.deepEqual(names(build), [
    'auditPackageState',
    'auditPackageUpgrade',
    'auditWorkspace',
    'checkIfUpgradePlan',
    'checkNpmPublished',
    'checkPackageExists',
    'commitChanges',
    'publishPackage',
    'pushChanges',
    'runBuild',
    'runQualityChecks',
    'runTests',
  ]);
  assert.deepEqual(names(mcp), ['fetchPendingPackages', 'updateMCPPackageStatus']);
  assert.deepEqual(names(report), ['writeBuildSummary', 'writePackageBuildReport']);
  assert.deepEqual(names(types), []);
});
