/** Writes `docs/options.md` and `docs/simulate.md` from the tables: `npx node -C vicinity-source packages/cli/scripts/options.ts`. */
import { writeFileSync } from 'node:fs'
import { optionsMarkdown } from '../src/markdown.ts'
import { simulateMarkdown } from '../src/simulate/markdown.ts'

writeFileSync(new URL('../../../docs/options.md', import.meta.url), optionsMarkdown())
writeFileSync(new URL('../../../docs/simulate.md', import.meta.url), simulateMarkdown())
