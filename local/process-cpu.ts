import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts CPU time in hundredths of a second. */
const TICK_MS = 10;

/** CPU milliseconds of a process and its children, ended ones included; 0 if the system doesn't report them. */
export function cpuMillisecondsOf(pid: number): number {
  try {
    const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return processes.reduce((sum, name) => sum + ticksOf(name, pid) * TICK_MS, 0);
  } catch {
    return 0;
  }
}

function ticksOf(name: string, pid: number): number {
  try {
    // After the command's name in parentheses: state, parent, … 11 more, then user, system, children's user, system.
    const fields = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    const isParent = Number(name) === pid;
    if (!isParent && Number(fields[1]) !== pid) return 0;
    const own = Number(fields[11]) + Number(fields[12]);
    return isParent ? own + Number(fields[13]) + Number(fields[14]) : own;
  } catch {
    // It ended between the listing and the reading.
    return 0;
  }
}
