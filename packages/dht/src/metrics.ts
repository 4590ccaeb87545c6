import type { CounterGroup, Metric, MetricGroup, Metrics as Libp2pMetrics } from '@libp2p/interface'
import type { Request } from '@vicinity/kademlia'

/** The names of operations in metrics, as `@libp2p/kad-dht` has them. */
export type OperationName = 'FIND_PEER' | 'GET_CLOSEST_PEERS'

/** Everything that is counted, under the names that dashboards for `@libp2p/kad-dht` know. All no-ops without metrics. */
export class Metrics {
  readonly #outbound: CounterGroup | undefined
  readonly #outboundErrors: CounterGroup | undefined
  readonly #inbound: CounterGroup | undefined
  readonly #inboundErrors: CounterGroup | undefined
  readonly #operations: MetricGroup | undefined
  readonly #operationErrors: CounterGroup | undefined
  readonly #operationTime: MetricGroup | undefined
  readonly #tableSize: Metric | undefined

  constructor(metrics: Libp2pMetrics | undefined, prefix: string) {
    const counters = (name: string, label: string): CounterGroup | undefined =>
      metrics?.registerCounterGroup(`${prefix}_${name}`, { label })
    const gauges = (name: string, label: string): MetricGroup | undefined =>
      metrics?.registerMetricGroup(`${prefix}_${name}`, { label })
    this.#outbound = counters('outbound_rpc_requests_total', 'operation')
    this.#outboundErrors = counters('outbound_rpc_errors_total', 'operation')
    this.#inbound = counters('inbound_rpc_requests_total', 'operation')
    this.#inboundErrors = counters('inbound_rpc_errors_total', 'operation')
    this.#operations = gauges('operations_total', 'operation')
    this.#operationErrors = counters('operation_errors_total', 'operation')
    this.#operationTime = gauges('operation_time_seconds', 'operation')
    this.#tableSize = metrics?.registerMetric(`${prefix}_routing_table_size`)
  }

  outbound(type: Request['type']): void {
    this.#outbound?.increment({ [type]: true })
  }

  outboundError(type: Request['type']): void {
    this.#outboundErrors?.increment({ [type]: true })
  }

  inbound(type: Request['type']): void {
    this.#inbound?.increment({ [type]: true })
  }

  inboundError(type: Request['type']): void {
    this.#inboundErrors?.increment({ [type]: true })
  }

  tableSize(size: number): void {
    this.#tableSize?.update(size)
  }

  /** Counts an operation while it runs. @returns what to call at its end. */
  operation(name: OperationName): (failed: boolean) => void {
    this.#operations?.increment({ [name]: true })
    const stopTimer = this.#operationTime?.timer(name)
    return failed => {
      this.#operations?.decrement({ [name]: true })
      stopTimer?.()
      if (failed) {
        this.#operationErrors?.increment({ [name]: true })
      }
    }
  }
}
