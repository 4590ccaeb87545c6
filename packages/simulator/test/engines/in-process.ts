/** Run by another Node: prints the report. */
import { runEverything } from './everything.ts'

console.log(runEverything())
