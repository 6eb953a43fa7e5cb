/// A TFLite model that a test writes by hand.
///
/// Codes and field numbers are those of the schema.
struct TestModel {
    struct Tensor {
        var name = ""
        var shape: [Int]
        var type: UInt8
        var scales: [Float] = []
        var zeroPoints: [Int64] = []
        var axis: Int32 = 0
        var content: [UInt8] = []
        var signature: [Int32] = []
        var extra: [Int: FlatValue] = [:]
    }

    struct Node {
        var code: Int32
        var inputs: [Int32]
        var outputs: [Int32]
        var optionsType: UInt8 = 0
        var options = FlatRecord()
        var customName = ""
        var intermediates: [Int32] = []
    }

    static let float32: UInt8 = 0, float16: UInt8 = 1, int32: UInt8 = 2, uint8: UInt8 = 3
    static let int64: UInt8 = 4, int16: UInt8 = 7, int8: UInt8 = 9, resource: UInt8 = 13

    var tensors: [Tensor] = []
    var nodes: [Node] = []
    var inputs: [Int32] = []
    var outputs: [Int32] = []
    var subgraphCount = 1
    var version: Int32 = 3
    /// Bytes behind the FlatBuffer, to which the first buffer refers by offset and size.
    var bufferTail: [UInt8] = []

    // MARK: Tensors; each returns the tensor's number

    /// An int8 (or other) activation with one scale.
    mutating func activation(
        _ shape: [Int],
        type: UInt8 = int8,
        scale: Float = 0.5,
        zeroPoint: Int64 = 3
    ) -> Int32 {
        add(Tensor(shape: shape, type: type, scales: [scale], zeroPoints: [zeroPoint]))
    }

    /// A constant with one scale.
    mutating func constant(
        _ shape: [Int],
        _ content: [UInt8],
        type: UInt8 = int8,
        scale: Float = 0.5,
        zeroPoint: Int64 = 3
    ) -> Int32 {
        add(
            Tensor(
                shape: shape,
                type: type,
                scales: [scale],
                zeroPoints: [zeroPoint],
                content: content
            )
        )
    }

    /// Weights of the given shape with one scale a channel along `axis`, counting up from 1.
    mutating func weights(_ shape: [Int], axis: Int) -> Int32 {
        let count = shape.reduce(1, *)
        return add(
            Tensor(
                shape: shape,
                type: TestModel.int8,
                scales: (0..<shape[axis]).map { 0.01 * Float($0 + 1) },
                zeroPoints: [Int64](repeating: 0, count: shape[axis]),
                axis: Int32(axis),
                content: (0..<count).map { UInt8(truncatingIfNeeded: $0 + 1) }
            )
        )
    }

    /// A constant of 32-bit integers: a bias, axes, sizes.
    mutating func integers(_ values: [Int32], shape: [Int]? = nil) -> Int32 {
        let content = values.flatMap { value in
            (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * Int32($0))) }
        }
        return add(
            Tensor(shape: shape ?? [values.count], type: TestModel.int32, content: content)
        )
    }

    mutating func add(_ tensor: Tensor) -> Int32 {
        var tensor = tensor
        if tensor.name.isEmpty { tensor.name = "t\(tensors.count)" }
        tensors.append(tensor)
        return Int32(tensors.count - 1)
    }

    mutating func node(
        _ code: Int32,
        _ inputs: [Int32],
        _ outputs: [Int32],
        options type: UInt8 = 0,
        _ fields: [Int: FlatValue] = [:]
    ) {
        nodes.append(
            Node(
                code: code,
                inputs: inputs,
                outputs: outputs,
                optionsType: type,
                options: FlatRecord(fields)
            )
        )
    }

    /// A model of one operator that reads one activation and writes one.
    static func single(
        _ code: Int32,
        from shape: [Int],
        to output: [Int],
        options type: UInt8 = 0,
        _ fields: [Int: FlatValue] = [:],
        operands: (inout TestModel) -> [Int32] = { _ in [] }
    ) -> TestModel {
        var model = TestModel()
        let x = model.activation(shape)
        let others = operands(&model)
        let y = model.activation(output)
        model.node(code, [x] + others, [y], options: type, fields)
        model.inputs = [x]
        model.outputs = [y]
        return model
    }

    // MARK: The file

    /// The model's bytes.
    ///
    /// Buffer 0 is empty, as the schema demands.
    var bytes: [UInt8] {
        // The size of the FlatBuffer does not depend on the offset that is written into it.
        bufferTail.isEmpty
            ? file(tailOffset: 0) : file(tailOffset: file(tailOffset: 0).count) + bufferTail
    }

    private func file(tailOffset: Int) -> [UInt8] {
        var buffers = [FlatRecord()]
        let tensorRecords = tensors.map { tensor in
            var number = 0
            if !tensor.content.isEmpty {
                number = buffers.count
                let isTail = !bufferTail.isEmpty && number == 1
                let tail: [Int: FlatValue] = [
                    1: .uint64(UInt64(tailOffset)), 2: .uint64(UInt64(bufferTail.count)),
                ]
                buffers.append(FlatRecord(isTail ? tail : [0: .bytes(tensor.content)]))
            }
            return record(of: tensor, buffer: number)
        }
        let codeRecords = nodes.map { node in
            var fields: [Int: FlatValue] = [
                0: .uint8(UInt8(min(node.code, 127))), 3: .int32(node.code),
            ]
            if !node.customName.isEmpty { fields[1] = .text(node.customName) }
            return FlatRecord(fields)
        }
        let nodeRecords = nodes.enumerated().map { index, node in
            FlatRecord([
                0: .int32(Int32(index)), 1: .int32s(node.inputs), 2: .int32s(node.outputs),
                3: .uint8(node.optionsType), 4: .table(node.options),
                8: .int32s(node.intermediates),
            ])
        }
        let subgraph = FlatRecord([
            0: .tables(tensorRecords), 1: .int32s(inputs), 2: .int32s(outputs),
            3: .tables(nodeRecords),
        ])
        return FlatFile.write(
            FlatRecord([
                0: .int32(version), 1: .tables(codeRecords),
                2: .tables([FlatRecord](repeating: subgraph, count: subgraphCount)),
                4: .tables(buffers),
            ])
        )
    }

    private func record(of tensor: Tensor, buffer: Int) -> FlatRecord {
        var fields: [Int: FlatValue] = [
            0: .int32s(tensor.shape.map(Int32.init)), 1: .uint8(tensor.type),
            2: .int32(Int32(buffer)), 3: .text(tensor.name),
        ]
        if !tensor.scales.isEmpty {
            fields[4] = .table(
                FlatRecord([
                    2: .floats(tensor.scales), 3: .int64s(tensor.zeroPoints),
                    6: .int32(tensor.axis),
                ])
            )
        }
        if !tensor.signature.isEmpty { fields[7] = .int32s(tensor.signature) }
        return FlatRecord(fields.merging(tensor.extra) { $1 })
    }
}
