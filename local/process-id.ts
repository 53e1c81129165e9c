import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** 0 is the caller's process group and 1 the system's first process: neither is valid in a pid file. */
const FIRST_PID = 2;
/** Linux's maximum, far above that of other systems. */
const LAST_PID = 2 ** 22;

/** A process id in decimal, as a pid file holds it in its first line; undefined for anything else. */
export function parsePid(text: string): number | undefined {
  const [line = ''] = text.split('\n');
  const pid = /^\d{1,7}$/.test(line.trim()) ? Number(line) : Number.NaN;
  return pid >= FIRST_PID && pid <= LAST_PID ? pid : undefined;
}

/** The process id in a pid file; undefined if there is no such file, or it names no process. */
export function readPid(file: string): number | undefined {
  return existsSync(file) ? parsePid(readFileSync(file, 'utf8')) : undefined;
}

/** Whether there is a process with this id that we may signal; an ended one counts until its parent has reaped it. */
export function canBeSignalled(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Whether it runs. An ended process doesn't, even before its parent has reaped it. */
export function isAlive(pid: number): boolean {
  return canBeSignalled(pid) && stateOf(pid)?.isZombie !== true;
}

/** Its parent's id; undefined if the system doesn't report it (only Linux does, in a file), or it has ended. */
export function parentOf(pid: number): number | undefined {
  return stateOf(pid)?.parent;
}

function stateOf(pid: number): { readonly isZombie: boolean; readonly parent: number } | undefined {
  try {
    // The command's name is in parentheses and may contain any character.
    const [state, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return { isZombie: state === 'Z', parent: Number(parent) };
  } catch {
    return undefined;
  }
}

export interface ProcessEntry {
  readonly pid: number;
  /** The command and its arguments. */
  readonly command: readonly string[];
}

/** All processes of this machine that we may inspect; none on Windows, which has neither /proc nor ps. */
export function listProcesses(): readonly ProcessEntry[] {
  if (existsSync('/proc/self/cmdline')) {
    return readdirSync('/proc').flatMap((name) => {
      const pid = parsePid(name);
      const command = pid === undefined ? undefined : commandOf(pid);
      return pid === undefined || command === undefined ? [] : [{ pid, command }];
    });
  }
  const { stdout } = spawnSync('ps', ['-axo', 'pid=,args='], { encoding: 'utf8' });
  return (stdout ?? '').split('\n').flatMap((line) => {
    const [, number = '', args = ''] = /^\s*(\d+) (.*)$/.exec(line) ?? [];
    const pid = parsePid(number);
    return pid === undefined ? [] : [{ pid, command: args.split(' ') }];
  });
}

/** Undefined for a process that has ended, for one of the kernel's own, and where there is no /proc. */
export function commandOf(pid: number): readonly string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return text === '' ? undefined : text.replace(/\0$/, '').split('\0');
  } catch {
    return undefined;
  }
}
