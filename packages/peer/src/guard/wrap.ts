/** Puts a method in front of an object's own. */
export function wrap<T extends object, Name extends keyof T>(
  target: T,
  name: Name,
  make: (own: T[Name] & ((...args: never[]) => unknown)) => T[Name]
): void {
  const own = target[name]
  if (typeof own !== 'function') {
    throw new TypeError(`this version of ${target.constructor.name} has no method ${String(name)}`)
  }

  target[name] = make(own.bind(target))
}
