/** Metrics that are made for one answer: each is there with its first value. */

import { Counter, Gauge, type Registry, type RegistryContentType } from 'prom-client'

/** A value of a metric. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

/** Fills a registry of its own. */
export class MetricSet {
  readonly #registry: Registry<RegistryContentType>
  readonly #counters = new Map<string, Counter>()
  readonly #gauges = new Map<string, Gauge>()

  constructor(registry: Registry<RegistryContentType>) {
    this.#registry = registry
  }

  /** A total that only grows; it may begin anew with its stage. */
  counter(name: string, help: string, { labels = {}, value }: Sample): void {
    const counter =
      this.#counters.get(name) ??
      new Counter({ name, help, labelNames: Object.keys(labels), registers: [this.#registry] })
    this.#counters.set(name, counter)
    counter.inc(labels, Math.max(0, value))
  }

  /** A value at this moment. */
  gauge(name: string, help: string, { labels = {}, value }: Sample): void {
    const gauge =
      this.#gauges.get(name) ?? new Gauge({ name, help, labelNames: Object.keys(labels), registers: [this.#registry] })
    this.#gauges.set(name, gauge)
    gauge.set(labels, value)
  }
}
