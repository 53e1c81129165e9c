import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import * as z from 'zod';
import { noSuchSecret } from './errors.ts';

const versionSchema = z.object({
  id: z.string(),
  value: z.string(),
  /** `AWSCURRENT`, `AWSPENDING`, `AWSPREVIOUS` or any other; each is on at most one version. */
  stages: z.array(z.string()),
  createdAtMs: z.number(),
});

const secretSchema = z.object({
  arn: z.string(),
  name: z.string(),
  versions: z.array(versionSchema),
  createdAtMs: z.number(),
  rotatedAtMs: z.number().nullable(),
});

export type SecretVersion = z.infer<typeof versionSchema>;
export type StoredSecret = z.infer<typeof secretSchema>;

/** AWS removes versions without a stage above about a hundred; this bounds a file that is written as a whole. */
const VERSION_LIMIT = 20;

/** All secrets in one file that only its owner may read; each change is on disk before it is answered. */
export class SecretStore {
  private readonly file: string;
  private readonly secrets: Map<string, StoredSecret>;

  constructor(file: string) {
    this.file = file;
    const stored = existsSync(file)
      ? z.array(secretSchema).parse(JSON.parse(readFileSync(file, 'utf8')))
      : [];
    this.secrets = new Map(stored.map((secret) => [secret.arn, secret]));
  }

  /** @param id its ARN or its name */
  find(id: string): StoredSecret | undefined {
    return this.secrets.get(id) ?? [...this.secrets.values()].find((secret) => secret.name === id);
  }

  /** @throws SecretsError ResourceNotFoundException */
  get(id: string): StoredSecret {
    const secret = this.find(id);
    if (secret === undefined) throw noSuchSecret();
    return secret;
  }

  save(secret: StoredSecret): void {
    const versions = withoutDeprecated(secret.versions);
    this.secrets.set(secret.arn, { ...secret, versions });
    this.write();
  }

  /** Written to a temporary file and renamed: a kill leaves either the old file or the new one. */
  private write(): void {
    const descriptor = openSync(`${this.file}.new`, 'w', 0o600);
    writeSync(descriptor, JSON.stringify([...this.secrets.values()]));
    fsyncSync(descriptor);
    closeSync(descriptor);
    renameSync(`${this.file}.new`, this.file);
  }
}

export function versionAt(secret: StoredSecret, stage: string): SecretVersion | undefined {
  return secret.versions.find((version) => version.stages.includes(stage));
}

/** Moves a label to a version, and with AWSCURRENT the label AWSPREVIOUS to the version that had it. */
export function moveStage(
  versions: readonly SecretVersion[],
  stage: string,
  toId: string | undefined,
): SecretVersion[] {
  const left = versions.find((version) => version.stages.includes(stage) && version.id !== toId);
  const moved = versions.map((version) => {
    const others = version.stages.filter((each) => each !== stage);
    return { ...version, stages: version.id === toId ? [...others, stage] : others };
  });
  return stage === 'AWSCURRENT' && left !== undefined ? moveStage(moved, 'AWSPREVIOUS', left.id) : moved;
}

function withoutDeprecated(versions: readonly SecretVersion[]): SecretVersion[] {
  const deprecated = versions.filter((version) => version.stages.length === 0);
  const dropped = new Set(deprecated.slice(0, Math.max(0, versions.length - VERSION_LIMIT)));
  return versions.filter((version) => !dropped.has(version));
}
