// @ts-check
/** Loaded before each test file of a mutation run: that a property fails is enough to know, the smallest example does not matter. */
import fc from 'fast-check'

fc.configureGlobal({ endOnFailure: true })
