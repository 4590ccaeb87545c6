/** `--record`: a trace of the DHT in a file, and what is said of it. */
import { commit } from './commit.ts'
import { command, quoted } from './invocation.ts'
import { styled, talk } from './output.ts'
import { TraceFile } from './trace-file.ts'
import { version } from './version.ts'

/** Makes the file of a trace, if one is wanted. Throws a `TraceFileError`. */
export function startRecording(path: string | undefined): TraceFile | undefined {
  if (path === undefined) {
    return undefined
  }

  return new TraceFile({
    path,
    program: `vicinity/${version()}`,
    commit: commit(),
    failed: reason => {
      talk.line(`The trace in ${path} goes no further: ${reason}. The node does.`)
    }
  })
}

/** Ends the file, and says what can be done with it. */
export async function endRecording(path: string | undefined, trace: TraceFile | undefined): Promise<void> {
  if (path === undefined || trace === undefined || !(await trace.close())) {
    return
  }

  const partial = trace.whole ? '' : ' --partial'
  talk.line(`Recorded in ${path}. It names the peers that were met, with their addresses, and what was looked for. Replay it:`)
  talk.line(`  ${styled('bold', `${command()} simulate replay${partial} ${quoted(path)}`)}`)
}
