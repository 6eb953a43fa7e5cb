import ModelGraph

/// A TFLite model whose offsets, counts and indices are checked; nothing is interpreted yet.
struct TFLiteModel {
    /// The file identifier of the schema.
    static let identifier: [UInt8] = Array("TFL3".utf8)
    /// The version of the schema that the identifier stands for.
    static let version: Int32 = 3

    private(set) var file: FlatBuffer
    private(set) var tensors: [TFLiteTensor] = []
    private(set) var operators: [TFLiteOperator] = []
    private(set) var inputs: [Int] = []
    private(set) var outputs: [Int] = []
    private(set) var subgraphCount = 0
    private(set) var schemaVersion: Int32 = 0

    /// Reads a subgraph of a model: the first, which has inputs and outputs, or an initialiser.
    init(_ bytes: [UInt8], subgraph number: Int = 0) throws(ImportError) {
        file = FlatBuffer(bytes)
        guard FlatBuffer.hasIdentifier(TFLiteModel.identifier, bytes) else {
            throw .unsupportedFormat(DetectedFormat(bytes))
        }
        let root = try reading("the root table") { file throws(FlatBufferError) in
            try file.root()
        }
        schemaVersion = try reading("the version") { file throws(FlatBufferError) in
            try file.int32(0, of: root) ?? 0
        }
        let subgraphs = try tables(2, of: root, "subgraphs", limit: GraphLimits.nodeCountMax)
        subgraphCount = subgraphs.count
        let codes = try readCodes(root)
        let buffers = try tables(4, of: root, "buffers", limit: ImportLimits.bufferCountMax)
        guard (0..<subgraphCount).contains(number) else {
            throw .indexOutOfRange(place: "a subgraph", index: number, count: subgraphCount)
        }
        let subgraph = try reading("subgraph \(number)") { file throws(FlatBufferError) in
            try file.table(number, of: subgraphs)
        }
        try readTensors(subgraph, buffers)
        try readOperators(subgraph, codes)
        guard number == 0 else { return }
        inputs = try readPorts(1, of: subgraph, "inputs")
        outputs = try readPorts(2, of: subgraph, "outputs")
    }

    // MARK: Parts

    private mutating func readCodes(
        _ root: FlatTable
    ) throws(ImportError) -> [(code: Int32, name: String)] {
        let limit = ImportLimits.operatorCodeCountMax
        let vector = try tables(1, of: root, "operator codes", limit: limit, canBeEmpty: true)
        var codes: [(code: Int32, name: String)] = []
        codes.reserveCapacity(vector.count)
        for index in 0..<vector.count {
            let entry = try reading("operator code \(index)") { file throws(FlatBufferError) in
                let table = try file.table(index, of: vector)
                // Old files have the byte field only; new files cap it at 127 and use the other.
                let old = Int32(Int8(bitPattern: try file.uint8(0, of: table) ?? 0))
                let code = max(old, try file.int32(3, of: table) ?? 0)
                return (code: code, custom: try file.name(1, of: table))
            }
            codes.append((entry.code, TFLiteModel.name(of: entry.code, custom: entry.custom)))
        }
        return codes
    }

    private static func name(of code: Int32, custom: String) -> String {
        if code == TFLiteOperatorCode.custom.rawValue { return "CUSTOM '\(custom)'" }
        let names = TFLiteOperatorNames.all
        return names.indices.contains(Int(code)) ? names[Int(code)] : "operator code \(code)"
    }

    private mutating func readTensors(
        _ subgraph: FlatTable,
        _ buffers: FlatVector
    ) throws(ImportError) {
        let vector = try tables(0, of: subgraph, "tensors", limit: GraphLimits.tensorCountMax)
        var contents = [[UInt8]?](repeating: nil, count: buffers.count)
        tensors.reserveCapacity(vector.count)
        for index in 0..<vector.count {
            let (tensor, buffer) = try reading("tensor \(index)") { file throws(FlatBufferError) in
                try TFLiteTensor.read(index, of: vector, from: &file)
            }
            tensors.append(tensor)
            guard buffer != 0 else { continue }
            guard buffer < buffers.count else {
                throw .indexOutOfRange(
                    place: "the buffer of tensor \(index)",
                    index: buffer,
                    count: buffers.count
                )
            }
            // Tensors may share a buffer; its bytes are copied once.
            let content: [UInt8]
            if let known = contents[buffer] {
                content = known
            } else {
                content = try readBuffer(buffer, of: buffers)
                contents[buffer] = content
            }
            if !content.isEmpty { tensors[index].constant = content }
        }
    }

    /// The bytes of a buffer: inside the FlatBuffer, or behind it for large models.
    private mutating func readBuffer(
        _ index: Int,
        of buffers: FlatVector
    ) throws(ImportError) -> [UInt8] {
        try reading("buffer \(index)") { file throws(FlatBufferError) in
            let table = try file.table(index, of: buffers)
            let offset = try file.uint64(1, of: table) ?? 0
            if offset > 1 {
                let size = try file.uint64(2, of: table) ?? 0
                return try file.copy(Int(clamping: offset), Int(clamping: size))
            }
            let limit = file.bytes.count
            let data = try file.vector(0, of: table, elementSizeBytes: 1, limit: limit)
            return try file.copy(data.start, data.count)
        }
    }

    private mutating func readOperators(
        _ subgraph: FlatTable,
        _ codes: [(code: Int32, name: String)]
    ) throws(ImportError) {
        let vector = try tables(3, of: subgraph, "operators", limit: GraphLimits.nodeCountMax)
        operators.reserveCapacity(vector.count)
        for index in 0..<vector.count {
            let place = "operator \(index)"
            let raw = try reading(place) { file throws(FlatBufferError) in
                try RawOperator(index, of: vector, from: &file)
            }
            guard raw.codeIndex >= 0, raw.codeIndex < codes.count else {
                throw .indexOutOfRange(
                    place: "the code of \(place)",
                    index: raw.codeIndex,
                    count: codes.count
                )
            }
            let outputs = try tensorIndices(raw.outputs, place)
            operators.append(
                TFLiteOperator(
                    code: codes[raw.codeIndex].code,
                    name: codes[raw.codeIndex].name,
                    inputs: try tensorIndices(raw.inputs, place),
                    outputs: outputs.compactMap { $0 },
                    intermediates: try tensorIndices(raw.intermediates, place).compactMap { $0 },
                    options: raw.options,
                    optionsType: raw.optionsType
                )
            )
        }
    }

    private mutating func readPorts(
        _ number: Int,
        of subgraph: FlatTable,
        _ place: String
    ) throws(ImportError) -> [Int] {
        let limit = GraphLimits.portCountMax
        let values = try reading("the \(place)") { file throws(FlatBufferError) in
            try file.int32s(number, of: subgraph, limit: limit)
        }
        let indices = try tensorIndices(values, "the \(place)").compactMap { $0 }
        guard !indices.isEmpty else {
            throw .countOutOfRange(place: place, count: 0, limit: limit)
        }
        return indices
    }

    // MARK: Steps

    /// Runs a reader and says where it failed.
    private mutating func reading<Value>(
        _ place: @autoclosure () -> String,
        _ body: (inout FlatBuffer) throws(FlatBufferError) -> Value
    ) throws(ImportError) -> Value {
        do throws(FlatBufferError) {
            return try body(&file)
        } catch {
            throw .malformedFile(place: place(), error)
        }
    }

    private mutating func tables(
        _ number: Int,
        of table: FlatTable,
        _ place: String,
        limit: Int,
        canBeEmpty: Bool = false
    ) throws(ImportError) -> FlatVector {
        let vector = try reading("the \(place)") { file throws(FlatBufferError) in
            try file.vector(number, of: table, elementSizeBytes: 4, limit: limit)
        }
        guard canBeEmpty || vector.count > 0 else {
            throw .countOutOfRange(place: place, count: 0, limit: limit)
        }
        return vector
    }

    /// Checks tensor numbers; -1 stands for an absent operand.
    private func tensorIndices(
        _ values: [Int32],
        _ place: String
    ) throws(ImportError) -> [Int?] {
        var indices: [Int?] = []
        indices.reserveCapacity(values.count)
        for value in values {
            if value == -1 {
                indices.append(nil)
                continue
            }
            guard tensors.indices.contains(Int(value)) else {
                throw .indexOutOfRange(place: place, index: Int(value), count: tensors.count)
            }
            indices.append(Int(value))
        }
        return indices
    }
}

/// An operator's fields before its indices are checked.
private struct RawOperator {
    let codeIndex: Int
    let inputs: [Int32]
    let outputs: [Int32]
    let intermediates: [Int32]
    let options: FlatTable?
    let optionsType: UInt8

    init(
        _ index: Int,
        of vector: FlatVector,
        from file: inout FlatBuffer
    ) throws(FlatBufferError) {
        let table = try file.table(index, of: vector)
        let limit = ImportLimits.operandCountMax
        codeIndex = Int(try file.int32(0, of: table) ?? 0)
        inputs = try file.int32s(1, of: table, limit: limit)
        outputs = try file.int32s(2, of: table, limit: limit)
        intermediates = try file.int32s(8, of: table, limit: limit)
        optionsType = try file.uint8(3, of: table) ?? 0
        options = try file.table(4, of: table)
    }
}

extension TFLiteTensor {
    /// Reads a tensor without its content, and the number of the buffer that may hold it.
    fileprivate static func read(
        _ index: Int,
        of vector: FlatVector,
        from file: inout FlatBuffer
    ) throws(FlatBufferError) -> (tensor: TFLiteTensor, buffer: Int) {
        let table = try file.table(index, of: vector)
        // Ranks beyond the graph's limit are reported with the operator that needs the tensor.
        let rankLimit = 64
        let typeCode = try file.uint8(1, of: table) ?? 0
        var tensor = TFLiteTensor(
            name: try file.name(3, of: table),
            shape: try file.int32s(0, of: table, limit: rankLimit).map(Int.init),
            shapeSignature: try file.int32s(7, of: table, limit: rankLimit),
            type: TFLiteType(rawValue: typeCode),
            typeCode: typeCode,
            scales: [],
            zeroPoints: [],
            quantizedDimension: 0,
            hasCustomQuantization: false,
            isVariable: try file.uint8(5, of: table) ?? 0 != 0,
            isSparse: try file.field(6, of: table, sizeBytes: 4) != nil,
            isExternal: try file.int32(10, of: table) ?? 0 != 0,
            constant: nil
        )
        if tensor.name.isEmpty { tensor.name = "tensor\(index)" }
        if let quantization = try file.table(4, of: table) {
            let limit = ImportLimits.channelCountMax
            tensor.scales = try file.floats(2, of: quantization, limit: limit)
            tensor.zeroPoints = try file.int64s(3, of: quantization, limit: limit)
            tensor.hasCustomQuantization = try file.uint8(4, of: quantization) ?? 0 != 0
            tensor.quantizedDimension = Int(try file.int32(6, of: quantization) ?? 0)
        }
        let buffer = Int(UInt32(bitPattern: try file.int32(2, of: table) ?? 0))
        return (tensor, buffer)
    }
}
