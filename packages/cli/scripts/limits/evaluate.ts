/** The numbers that constants hold: literals, arithmetic, and references to other constants. */
import type { Expression } from '@babel/parser'
import { bare, nameOf } from './sources.ts'
import type { Sources } from './sources.ts'

export interface Quantity {
  readonly value: number
  /** Whether it was written in units of `time.ts`. */
  readonly time: boolean
}

/** A bucket of tokens. */
export interface Rate {
  readonly perSecond: Quantity
  readonly burst: Quantity
}

const timePath = 'packages/kademlia/src/time.ts'

/** The value of an expression of a file; `undefined` when it is no number and no rate. */
export function evaluate(sources: Sources, path: string, expression: Expression): Quantity | Rate | undefined {
  const node = bare(expression)
  if (node.type !== 'ObjectExpression') {
    return quantity(sources, path, node)
  }
  const perSecond = property(node, 'perSecond')
  const burst = property(node, 'burst')
  const rate = perSecond && burst && { perSecond: quantity(sources, path, perSecond), burst: quantity(sources, path, burst) }
  return rate?.perSecond && rate.burst ? { perSecond: rate.perSecond, burst: rate.burst } : undefined
}

/** The value of a property of an object literal. */
export function property(node: Extract<Expression, { type: 'ObjectExpression' }>, name: string): Expression | undefined {
  for (const member of node.properties) {
    if (member.type === 'ObjectProperty' && !member.computed && nameOf(member.key) === name) {
      return member.value as Expression
    }
  }
  return undefined
}

function quantity(sources: Sources, path: string, expression: Expression): Quantity | undefined {
  const node = bare(expression)
  switch (node.type) {
    case 'NumericLiteral':
      return { value: node.value, time: false }
    case 'UnaryExpression': {
      const operand = node.operator === '-' ? quantity(sources, path, node.argument) : undefined
      return operand && { value: -operand.value, time: operand.time }
    }
    case 'BinaryExpression': {
      const left = node.left.type === 'PrivateName' ? undefined : quantity(sources, path, node.left)
      const right = quantity(sources, path, node.right)
      const value = left && right && calculate(node.operator, left.value, right.value)
      return value === undefined ? undefined : { value, time: left?.time === true || right?.time === true }
    }
    case 'Identifier':
      return reference(sources, path, node.name)
    case 'MemberExpression':
      return node.object.type === 'Identifier' && node.property.type === 'Identifier' && !node.computed
        ? reference(sources, path, node.object.name, node.property.name)
        : undefined
    default:
      return undefined
  }
}

function reference(sources: Sources, path: string, name: string, member?: string): Quantity | undefined {
  const place = sources.find(path, name)
  if (place === undefined) {
    return undefined
  }
  const { init } = place.constant
  const target = member === undefined ? init : init.type === 'ObjectExpression' ? property(init, member) : undefined
  const found = target && quantity(sources, place.path, target)
  return found && { value: found.value, time: found.time || place.path === timePath }
}

function calculate(operator: string, left: number, right: number): number | undefined {
  switch (operator) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '/':
      return left / right
    case '**':
      return left ** right
    default:
      return undefined
  }
}
