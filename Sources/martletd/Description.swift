import AgentProtocol
import BundleFormat
import InferenceRuntime

/// The answer to `describe`.
///
///     0 u16 inputs | 2 u16 outputs | 4 u32 bytes of all inputs | 8 u32 bytes of all outputs
///     | 12 content id 32 | 44 tensors of 72 bytes, inputs first:
///       0 u8 type | 1 u8 type in the source model | 2 u8 rank | 3 u8 name size | 4 i32 zero point
///       | 8 u32 bits of the float32 scale | 12 u32 size | 16 u32 x 6 extents | 40 name 32
///
/// Types are 0 int8, 1 uint8, 2 int32, 3 int64, 4 float32, 5 int16, 6 float16, 7 bool.
enum Description {
    static func sizeBytes(of program: Program) -> Int {
        44 + (program.inputCount + program.outputCount) * 72
    }

    static func encode(_ engine: borrowing InferenceEngine) -> [UInt8] {
        let program = engine.program
        var writer = RecordBytes(bytes: [])
        writer.append(UInt64(program.inputCount), size: 2)
        writer.append(UInt64(program.outputCount), size: 2)
        writer.append(UInt64(engine.inputSizeBytes), size: 4)
        writer.append(UInt64(engine.outputSizeBytes), size: 4)
        writer.bytes += engine.image.manifest.contentID
        for index in 0..<program.inputCount { append(program.input(index), to: &writer) }
        for index in 0..<program.outputCount { append(program.output(index), to: &writer) }
        return writer.bytes
    }

    private static func append(_ port: PortInfo, to writer: inout RecordBytes) {
        let start = writer.bytes.count
        writer.bytes += [
            port.type.rawValue, port.externalType.rawValue, UInt8(port.rank),
            UInt8(port.nameSizeBytes),
        ]
        writer.append(UInt64(UInt32(bitPattern: port.zeroPoint)), size: 4)
        writer.append(UInt64(port.scale.bitPattern), size: 4)
        writer.append(UInt64(port.sizeBytes), size: 4)
        for index in 0..<port.rank { writer.append(UInt64(port.dimension(index)), size: 4) }
        writer.zeros(until: start + 40)
        for index in 0..<port.nameSizeBytes { writer.bytes.append(port.nameByte(index)) }
        writer.zeros(until: start + 72)
    }
}
