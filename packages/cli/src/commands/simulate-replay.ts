/** `vicinity simulate replay`: tells the engine what a live node was told, and shows whether it decides the same. */
import { createReadStream } from 'node:fs'
import { Replay } from '@vicinity/simulator/replay'
import { commit } from '../commit.ts'
import { ReportOutput } from '../report-output.ts'
import { replayJson, replayText } from '../replay-report.ts'
import { fileReason, TraceFileError } from '../trace-file.ts'
import { version } from '../version.ts'
import type { ReplayReport } from '@vicinity/simulator/replay'
import type { ExitCode } from '../host.ts'
import type { simulateReplayOptions, Values } from '../options.ts'

/** Replays the trace in a file. 0 if it decides the same; throws {@link TraceFileError} for a file that cannot be read. */
export async function replayTrace(settings: Values<typeof simulateReplayOptions>, file: string): Promise<ExitCode> {
  const report = await replayFile(file, settings.partial)
  const replayedBy = { program: `vicinity/${version()}`, commit: commit() }
  const out = new ReportOutput()
  for (const line of settings.json ? [replayJson(report, file, replayedBy)] : replayText(report, file, replayedBy)) {
    out.line(line)
  }

  out.end()
  return report.verdict === 'same' ? 0 : 1
}

/** Takes the text as it comes, and no more of it than is wanted: a trace may be larger than what fits into memory. */
async function replayFile(file: string, partial: boolean): Promise<ReplayReport> {
  const replay = new Replay({ partial })
  const stream = createReadStream(file, { encoding: 'utf8' })
  // what reading throws is one thing, what replaying throws another
  const pieces: AsyncIterator<string> = stream[Symbol.asyncIterator]()
  for (let piece = await read(file, pieces); piece !== undefined && replay.push(piece); piece = await read(file, pieces)) {}
  stream.destroy()
  return replay.end()
}

async function read(file: string, pieces: AsyncIterator<string>): Promise<string | undefined> {
  try {
    const { done, value } = await pieces.next()
    return done === true ? undefined : value
  } catch (error) {
    throw new TraceFileError(
      'ERR_TRACE_UNREADABLE',
      `cannot read ${file} (${fileReason(error)}): name a file that vicinity node --record has made`,
      { cause: error }
    )
  }
}
