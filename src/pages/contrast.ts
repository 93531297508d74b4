/** WCAG 2.2 contrast ratio of two `#rrggbb` colours, from 1 (equal) to 21 (black on white). */
export function contrast(one: string, other: string): number {
  const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number]
  return (lighter + 0.05) / (darker + 0.05)
}

/** The colour mixed with white in small steps until text in it is readable on `background` (ratio 4.5 or more). */
export function lightenedFor(background: string, colour: string): string {
  for (let white = 0; white < 1; white += 0.05) {
    const mixed = mix(colour, white)
    if (contrast(mixed, background) >= 4.5) return mixed
  }
  return '#ffffff'
}

function channels(colour: string): readonly number[] {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16))
}

function mix(colour: string, white: number): string {
  const mixed = channels(colour).map((channel) => Math.round(channel + (255 - channel) * white))
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = channels(colour).map((channel) => {
    const share = channel / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
