import { describe, expect, test } from 'vitest';
import type { STAGES } from '../../lib/stage-config.ts';
import { Access } from '../../local/iam/access.ts';
import { describeGrant } from '../../local/iam/check-usage.ts';
import { readAccessRules } from '../../local/template/access-rules.ts';
import type { TemplateValue } from '../../local/template/assembly.ts';
import { synthesized } from '../support/synthesized.ts';
import { assemblyOf, identityOptions, stackOf } from '../support/templates.ts';

type Templates = ReturnType<typeof synthesized>;

/** What the templates of a stage grant, a line each; the stage's own name is left out. */
function grantsOf(stage: (typeof STAGES)[number]): ReadonlySet<string> {
  const { data, simulator, pipeline } = synthesized(stage);
  const stackNamed = (name: string, template: Templates['data']) => {
    const { Resources, ...sections } = template.toJSON() as Record<string, Record<string, TemplateValue>>;
    // Of one name in all stages: longer ones would be shortened, each in its own way.
    return stackOf(Resources as never, sections as never, name);
  };
  const simulated = simulator === undefined ? [] : [stackNamed('Simulator', simulator)];
  const assembly = assemblyOf(stackNamed('Data', data), ...simulated, stackNamed('Pipeline', pipeline));
  const access = new Access({
    rules: readAccessRules(assembly, identityOptions),
    onUsed: () => {},
    onRefused: () => {},
  });
  return new Set(access.grants().map((grant) => describeGrant(grant).replaceAll(`-${stage}-`, '-stage-')));
}

describe.each(['staging', 'prod'] as const)('in %s', (stage) => {
  test('every grant is also one of dev, where a local run proves each of them', () => {
    const ofDev = grantsOf('dev');
    expect([...grantsOf(stage)].filter((grant) => !ofDev.has(grant))).toEqual([]);
  });
});
