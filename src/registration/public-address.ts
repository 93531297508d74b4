import { BlockList, isIP } from 'node:net'

/** What IPv4 sets apart for special use (IANA registry, RFC 6890), and all of 224/3: multicast, reserved, broadcast. */
const special4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
]

/** Inside 2000::/3, and yet not addresses of public hosts: Teredo and ORCHID, documentation, 6to4, documentation. */
const special6: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]

const refused4 = new BlockList()
for (const [net, prefix] of special4) refused4.addSubnet(net, prefix, 'ipv4')
const refused6 = new BlockList()
for (const [net, prefix] of special6) refused6.addSubnet(net, prefix, 'ipv6')
/**
 * Global unicast, RFC 4291 §2.4. IPv6 is an allow-list, so that loopback, link-local, unique-local, multicast,
 * IPv4-mapped and NAT64 addresses need no names, nor does whatever is set apart next.
 */
const global6 = new BlockList()
global6.addSubnet('2000::', 3, 'ipv6')

/** True for an address of a host on the public internet; false for anything else, names included. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !refused4.check(address, 'ipv4')
  if (isIP(address) === 6 && !address.includes('%'))
    return global6.check(address, 'ipv6') && !refused6.check(address, 'ipv6')
  return false
}
