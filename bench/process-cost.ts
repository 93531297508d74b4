import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

/** Linux counts CPU time in hundredths of a second (sysconf(_SC_CLK_TCK) is 100 on every architecture of Node's). */
const TICK_MS = 10

/** CPU time that a process has used so far, in milliseconds; undefined where there is no /proc. */
export function cpuMs(pid: number): number | undefined {
  const fields = statOf(pid)
  return fields && (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

/** The same of a process and its children, those included that have ended. */
export function familyCpuMs(pid: number): number | undefined {
  const parent = statOf(pid)
  if (parent === undefined) return undefined
  const own = [11, 12, 13, 14].reduce((sum, field) => sum + Number(parent[field]), 0)
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => statOf(Number(name)))
    .filter((fields) => fields?.[1] === String(pid))
  return children.reduce((sum, fields) => sum + Number(fields?.[11]) + Number(fields?.[12]), own) * TICK_MS
}

/** The most memory it held since {@link forgetPeak}, in MB (of 10^6 bytes). */
export function peakRssMb(pid: number): number | undefined {
  try {
    const kib = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kib === undefined ? undefined : Math.round((Number(kib) * 1024) / 1e6)
  } catch {
    return undefined
  }
}

/** Starts the peak anew; where the system refuses, the peak is that of the whole run. */
export function forgetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
  } catch {
    // Said above.
  }
}

/** The fields of /proc/PID/stat from `state` on (proc_pid_stat(5), field 3): the name before it may hold anything. */
function statOf(pid: number): readonly string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}
