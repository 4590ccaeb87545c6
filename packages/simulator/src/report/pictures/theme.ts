/**
 * The colours of pictures, light and dark, as one style sheet that every picture carries.
 *
 * Series take hues of the Okabe-Ito palette, which people with any of the common colour blindnesses tell apart, darkened
 * for a light ground (at least 4.5:1 against it) and lightened for a dark one; each has a pattern of dashes of its own as well.
 * Heat goes from the ground away, darker on light and lighter on dark, through yellow, green and blue as in ColorBrewer's
 * YlGnBu (Brewer 2003): its order shows in lightness alone.
 */

/** How many series can be told apart; further ones begin anew. */
export const seriesStyles = 6
/** How many steps of heat there are, without the 0 of nothing at all. */
export const heatSteps = 8

interface Colours {
  readonly sheet: string
  readonly text: string
  readonly soft: string
  readonly grid: string
  readonly axis: string
  readonly band: string
  readonly link: string
  readonly tolerated: string
  readonly series: readonly string[]
  readonly good: string
  readonly bad: string
  readonly late: string
  readonly heat: readonly string[]
}

const light: Colours = {
  sheet: '#ffffff',
  text: '#17233a',
  soft: '#4d5a70',
  grid: '#e3e8f0',
  axis: '#8591a6',
  band: '#eef1f6',
  link: '#c3cbd8',
  tolerated: '#cfdcea',
  series: ['#0068a3', '#b84a00', '#007a59', '#94407c', '#7a5f00', '#4d5a70'],
  good: '#0068a3',
  bad: '#b3261e',
  late: '#a85d00',
  heat: ['#f0f2f6', '#f4f8c4', '#cfeab6', '#8fd3b8', '#4fb9c3', '#2493c0', '#2363ab', '#1f3d8f', '#0a1f5c']
}

const dark: Colours = {
  sheet: '#0d1117',
  text: '#eef3fb',
  soft: '#aab6c9',
  grid: '#232b38',
  axis: '#6b788e',
  band: '#18202c',
  link: '#3a4556',
  tolerated: '#2a3b50',
  series: ['#5cb8f0', '#f39a5b', '#3ecf9f', '#e6a3d0', '#e6c84a', '#b9c4d6'],
  good: '#5cb8f0',
  bad: '#ff8a80',
  late: '#f2b354',
  heat: ['#171d28', '#15305e', '#1c4c8a', '#2770ab', '#3f95bd', '#66b6c3', '#98d2c6', '#cde8c3', '#fbfccf']
}

const dashes = ['none', '7 4', '2 3', '11 4 2 4', '5 2', '1 4']

export const themeCss = [
  ".vicinity { font-family: ui-sans-serif, system-ui, 'Helvetica Neue', Arial, sans-serif }",
  '.vicinity .title { font-size: 17px; font-weight: 600 }',
  '.vicinity .label, .vicinity .note { font-size: 13px }',
  '.vicinity .tick { font-size: 12px }',
  '.vicinity .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round }',
  '.vicinity .thin { fill: none; stroke-width: 1 }',
  '.vicinity .walk { fill: none; stroke-width: 1.6; stroke-linecap: round }',
  '.vicinity .expected { stroke-width: 2 }',
  '.vicinity .ring { fill: none; stroke-width: 2 }',
  '.vicinity .under { stroke-width: 5 }',
  '.vicinity .halo { font-weight: 600; paint-order: stroke; stroke-width: 3; stroke-linejoin: round }',
  ...dashes.map((dash, at) => `.vicinity .s${at} { stroke-dasharray: ${dash} }`),
  '.vicinity .dashed { stroke-dasharray: 3 4 }',
  '.vicinity .dotted { stroke-dasharray: 1 4 }',
  ...rules(light),
  '@media (prefers-color-scheme: dark) {',
  ...rules(dark).map(rule => `  ${rule}`),
  '}'
].join('\n')

/** The class of the line of a series. */
export function seriesClass(index: number): string {
  return `line s${index % seriesStyles}`
}

function rules(colours: Colours): string[] {
  return [
    `.vicinity .sheet { fill: ${colours.sheet} }`,
    `.vicinity .label, .vicinity .note, .vicinity .tick { fill: ${colours.soft} }`,
    `.vicinity .title, .vicinity .strong { fill: ${colours.text} }`,
    `.vicinity .grid { stroke: ${colours.grid} }`,
    `.vicinity .axis { stroke: ${colours.axis} }`,
    `.vicinity .band { fill: ${colours.band} }`,
    ...colours.series.map((colour, at) => `.vicinity .s${at} { stroke: ${colour} }`),
    ...(['good', 'bad', 'late'] as const).flatMap(name => [
      `.vicinity .${name} { stroke: ${colours[name]} }`,
      `.vicinity .${name}.filled { fill: ${colours[name]} }`
    ]),
    `.vicinity .link { stroke: ${colours.link} }`,
    `.vicinity .expected, .vicinity .ring { stroke: ${colours.text} }`,
    `.vicinity .under, .vicinity .halo { stroke: ${colours.sheet} }`,
    `.vicinity .tolerated { fill: ${colours.tolerated} }`,
    `.vicinity .framed { stroke: ${colours.grid} }`,
    `.vicinity .hollow { fill: ${colours.sheet} }`,
    ...colours.heat.map((colour, at) => `.vicinity .h${at} { fill: ${colour} }`)
  ]
}
