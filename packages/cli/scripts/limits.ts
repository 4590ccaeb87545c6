/** Writes `docs/limits.md` from the sources: `npx node -C vicinity-source packages/cli/scripts/limits.ts`. */
import { writeFileSync } from 'node:fs'
import { boundsOfNode } from './limits/layers.ts'
import { limitsMarkdown } from './limits/markdown.ts'
import { repository } from './limits/sources.ts'

writeFileSync(new URL('../../../docs/limits.md', import.meta.url), limitsMarkdown(boundsOfNode(repository)))
