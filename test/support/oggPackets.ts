/** The packets of an Ogg stream, its two header packets first (RFC 3533: segments of 255 bytes go on). */
export function oggPackets(ogg: Buffer): Buffer[] {
  const packets: Buffer[] = [];
  let packet: Buffer[] = [];
  for (let at = 0; at < ogg.length; ) {
    const lacing = ogg.subarray(at + 27, at + 27 + ogg[at + 26]!);
    at += 27 + lacing.length;
    for (const length of lacing) {
      packet.push(ogg.subarray(at, at + length));
      at += length;
      if (length === 255) continue;
      packets.push(Buffer.concat(packet));
      packet = [];
    }
  }
  return packets;
}
