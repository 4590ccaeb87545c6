/** How the user started us, so that the commands we print are ones that work when they are pasted. */
import { basename, relative, resolve } from 'node:path'

/** The words before the options of `vicinity node`, as the user would type them in a second terminal. */
export function nodeCommand(env: NodeJS.ProcessEnv = process.env, script = process.argv[1] ?? '', cwd = process.cwd()): string {
  if (env['npm_lifecycle_event'] === 'start') {
    return 'npm start --'
  }
  return `${command(env, script, cwd)} node`
}

/** The command itself: `vicinity`, `npx vicinity`, or the script's path where it was started by that. */
export function command(env: NodeJS.ProcessEnv = process.env, script = process.argv[1] ?? '', cwd = process.cwd()): string {
  if (env['npm_command'] === 'exec') {
    return 'npx vicinity'
  }
  if (!basename(script).endsWith('.js')) {
    return 'vicinity'
  }
  const path = relative(cwd, script)
  return `node ${quoted(path.startsWith('..') ? resolve(cwd, script) : path)}`
}

/** An argument as a shell takes it: quoted where it has to be. */
export function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`
}
