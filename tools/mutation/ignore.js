// @ts-check
/**
 * Tells Stryker what no test could tell from the original, so that it makes no mutants of it:
 *
 * - what an assertion or an error says is for people; that it is thrown, and which it is, is tested
 * - `default: unreachable(x)` stands where the types say that nobody comes
 */
import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin'

/**
 * As much of Babel's NodePath as is read here.
 *
 * @typedef {object} Path
 * @property {() => boolean} isStringLiteral
 * @property {() => boolean} isTemplateLiteral
 * @property {() => boolean} isSwitchCase
 * @property {() => boolean} isNewExpression
 * @property {() => boolean} isCallExpression
 * @property {{ test?: unknown }} node
 * @property {Path | null} parentPath
 * @property {(key: string) => Path} get
 * @property {() => string} toString its source text
 */

/** @param {Path} path @returns {string | undefined} the reason, for the report */
function shouldIgnore(path) {
  if (path.isStringLiteral() || path.isTemplateLiteral()) {
    return isMessage(path) ? 'it is said to people' : undefined
  }

  const neverTaken = path.isSwitchCase() && path.node.test === null && path.toString().includes('unreachable(')
  return neverTaken ? 'the types say that nobody comes here' : undefined
}

/** @param {Path} path */
function isMessage({ parentPath: parent }) {
  if (parent === null || !(parent.isNewExpression() || parent.isCallExpression())) {
    return false
  }

  const callee = parent.get('callee').toString()
  return callee === 'assert' || callee.endsWith('Error')
}

export const strykerPlugins = [declareValuePlugin(PluginKind.Ignore, 'vicinity', { shouldIgnore })]
