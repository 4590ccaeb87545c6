/** Run by a worker in a browser: posts the report. */
import { runEverything } from './everything.ts'

postMessage(runEverything())
