/** `vicinity simulate replay`: tells the engine what a live node was told, and shows whether it decides the same. */
import { createReadStream } from 'node:fs'
import { replay } from '@vicinity/simulator'
import { commit } from '../commit.ts'
import { LineWriter } from '../output.ts'
import { replayJson, replayText } from '../replay-report.ts'
import { fileReason, TraceFileError } from '../trace-file.ts'
import { version } from '../version.ts'
import type { ExitCode } from '../program.ts'
import type { simulateReplayOptions, Values } from '../options.ts'

/** Replays the trace in a file. 0 if it decides the same; throws {@link TraceFileError} for a file that cannot be read. */
export async function replayTrace(settings: Values<typeof simulateReplayOptions>, file: string): Promise<ExitCode> {
  const report = await replay(piecesOf(file), { partial: settings.partial })
  const replayedBy = { program: `vicinity/${version()}`, commit: commit() }
  const out = new LineWriter(1)
  for (const line of settings.json ? [replayJson(report, file, replayedBy)] : replayText(report, file, replayedBy)) {
    out.line(line)
  }

  return report.verdict === 'same' ? 0 : 1
}

/** The text of the file, as it comes: a trace may be larger than what fits into memory. */
async function* piecesOf(file: string): AsyncGenerator<string> {
  try {
    for await (const piece of createReadStream(file, { encoding: 'utf8' })) {
      yield piece as string
    }
  } catch (error) {
    throw new TraceFileError(
      'ERR_TRACE_UNREADABLE',
      `cannot read ${file} (${fileReason(error)}): name a file that vicinity node --record has made`,
      { cause: error }
    )
  }
}
