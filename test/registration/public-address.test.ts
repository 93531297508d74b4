import assert from 'node:assert/strict'
import { isPublicAddress } from '../../src/registration/public-address.ts'

const inside = [
  '0.0.0.0',
  '10.0.0.1',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.8',
  '192.0.2.1',
  '192.168.1.1',
  '198.18.0.1',
  '203.0.113.9',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::127.0.0.1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::ffff:8.8.8.8',
  '64:ff9b::7f00:1',
  '64:ff9b:1::1',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '3fff::1',
  '5f00::1',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fe80::1%eth0',
  '2606:4700::1%eth0',
  'fec0::1',
  'ff02::1',
]
const outside = [
  '1.1.1.1',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '223.255.255.255',
  '2606:4700:4700::1111',
  '2a00:1450::1',
  '2001:4860:4860::8888',
]

describe('an address that a stranger chose', () => {
  for (const address of inside)
    it(`is refused when it is ${address}`, () => assert.equal(isPublicAddress(address), false))
  for (const address of outside)
    it(`is taken when it is ${address}`, () => assert.equal(isPublicAddress(address), true))
  it('is refused when it is no address', () => {
    for (const text of ['', 'localhost', '2130706433', '0x7f.1', '127.1', '1.1.1.1 ', 'a.example'])
      assert.equal(isPublicAddress(text), false)
  })
})
