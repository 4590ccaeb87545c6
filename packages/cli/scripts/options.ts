/** Writes `docs/options.md` from the options table: `npx node -C vicinity-source packages/cli/scripts/options.ts`. */
import { writeFileSync } from 'node:fs'
import { optionsMarkdown } from '../src/markdown.ts'

const page = new URL('../../../docs/options.md', import.meta.url)
writeFileSync(page, optionsMarkdown())
