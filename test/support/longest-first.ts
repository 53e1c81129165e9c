import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The files that take longest, in order. Those of `flows` wait most of their time, those of `simulation` keep a processor
 * busy: side by side they leave none idle, and none is left over at the end.
 */
const LONGEST = [
  'simulation/schedules',
  'flows/start',
  'flows/dead-letters',
  'flows/readme',
  'simulation/planted/planted',
  'flows/crash',
  'flows/redirect-payment',
  'simulation/model/model',
  'flows/deployed-psps',
  'flows/alarms',
  'infra/synthesis',
  'flows/payments',
  'flows/cli',
  'simulation/crash-points',
  'infra/package',
];

/** A worker keeps its modules from one file of a project to the next, if the project isn't isolated. */
const PROJECTS = ['flows', 'simulation', 'browser', 'infra', 'integration', 'unit'];

/** Starts the longest files first, then project by project: a new clone knows no durations. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files.toSorted((one, other) => rankOf(one) - rankOf(other));
  }
}

function rankOf({ moduleId, project }: TestSpecification): number {
  const name = relative(`${project.config.root}/test`, moduleId).replace('.test.ts', '');
  const place = LONGEST.indexOf(name);
  return place >= 0 ? place : LONGEST.length + PROJECTS.indexOf(project.name);
}
