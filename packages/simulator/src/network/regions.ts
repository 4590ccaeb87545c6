/**
 * Where nodes stand, and how far apart: average round trips in milliseconds between data centres of one cloud on four
 * continents, as measured from 31 August to 29 September 2024 (IBM Cloud's "Network latency" page for VPC,
 * https://cloud.ibm.com/docs/vpc?topic=vpc-network-latency-dashboard; of the two directions of a pair, the mean).
 *
 * The shares follow where peers of the public IPFS network were found ("Design and Evaluation of IPFS", SIGCOMM 2022,
 * section 5.1: a third each in North America and East Asia, most of the rest in Europe), to the nearest of these places.
 */
export interface Region {
  readonly name: string
  /** The share of all nodes that stand here; all shares add up to 1. */
  readonly share: number
  /** Round trips to every region, in the order of the list, in milliseconds. */
  readonly roundTrips: readonly number[]
}

export const regions: readonly Region[] = [
  { name: 'Dallas', share: 0.13, roundTrips: [1, 34, 31, 123, 113, 142, 186, 145] },
  { name: 'Toronto', share: 0.07, roundTrips: [34, 1, 20, 93, 82, 162, 216, 130] },
  { name: 'Washington', share: 0.13, roundTrips: [31, 20, 1, 91, 75, 167, 214, 119] },
  { name: 'Frankfurt', share: 0.17, roundTrips: [123, 93, 91, 1, 13, 229, 250, 197] },
  { name: 'London', share: 0.1, roundTrips: [113, 82, 75, 13, 1, 243, 261, 187] },
  { name: 'Tokyo', share: 0.33, roundTrips: [142, 162, 167, 229, 243, 1, 115, 286] },
  { name: 'Sydney', share: 0.03, roundTrips: [186, 216, 214, 250, 261, 115, 1, 329] },
  { name: 'São Paulo', share: 0.04, roundTrips: [145, 130, 119, 197, 187, 286, 329, 1] }
]

/** From a data centre to a node near it and back, in milliseconds: each node draws its own. */
export const lastMile: readonly [min: number, max: number] = [4, 40]
