/** How a client authenticates and how its tokens are bound; the names of the OpenID conformance plans. */
export const variants = ['private_key_jwt-dpop', 'private_key_jwt-mtls'] as const
export type Variant = (typeof variants)[number]

export function isVariant(name: string): name is Variant {
  return variants.some((variant) => variant === name)
}
