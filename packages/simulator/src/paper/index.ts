import type { PaperTable } from './paper.ts'
import { t1 } from './t1-buckets.ts'
import { t10 } from './t10-churn.ts'
import { t13 } from './t13-foreign.ts'
import { t2 } from './t2-lookup.ts'
import { t3 } from './t3-neighbourhood.ts'
import { t4 } from './t4-network-size.ts'
import { t5 } from './t5-sybils.ts'
import { t6 } from './t6-disjoint.ts'
import { t7 } from './t7-colluders.ts'

export { paperDocument } from './document.ts'
export type { PaperDocument, PaperMeta, PaperRun } from './document.ts'
export { rowsOf, within } from './paper.ts'
export type { PaperTable, Part, PartProgress, PartResult, Row, Size } from './paper.ts'

/** In the order in which they are reported. */
export const paperTables: readonly PaperTable[] = [t1, t2, t3, t4, t5, t6, t7, t10, t13]
