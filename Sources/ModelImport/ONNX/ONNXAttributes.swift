import ModelGraph

extension ONNXImporter {
    private func attribute(
        _ name: String,
        _ type: Onnx_AttributeProto.AttributeType
    ) throws(NodeProblem) -> Onnx_AttributeProto? {
        guard let attribute = current?.attributes[name] else { return nil }
        guard attribute.refAttrName.isEmpty, !attribute.hasType || attribute.type == type else {
            throw .inconsistent("attribute '\(name)' is not of its type")
        }
        return attribute
    }

    /// An integer attribute.
    func int(_ name: String) throws(NodeProblem) -> Int? {
        try attribute(name, .int).map { Int($0.i) }
    }

    /// An integer attribute with a default.
    func int(_ name: String, default value: Int) throws(NodeProblem) -> Int {
        try int(name) ?? value
    }

    /// A float attribute with a default; it must be finite.
    func float(_ name: String, default value: Float) throws(NodeProblem) -> Float {
        let number = try attribute(name, .float)?.f ?? value
        guard number.isFinite else { throw .inconsistent("attribute '\(name)' is \(number)") }
        return number
    }

    /// A list of integers.
    func ints(_ name: String) throws(NodeProblem) -> [Int]? {
        try attribute(name, .ints).map { $0.ints.map { Int($0) } }
    }

    /// A list of floats.
    func floats(_ name: String) throws(NodeProblem) -> [Float]? {
        try attribute(name, .floats)?.floats
    }

    /// A text with a default.
    func string(_ name: String, default value: String) throws(NodeProblem) -> String {
        guard let attribute = try attribute(name, .string) else { return value }
        return String(decoding: attribute.s.prefix(256), as: UTF8.self)
    }

    /// A list of texts.
    func strings(_ name: String) throws(NodeProblem) -> [String]? {
        try attribute(name, .strings)?.strings.prefix(256).map {
            String(decoding: $0.prefix(256), as: UTF8.self)
        }
    }

    /// A tensor.
    func tensorAttribute(_ name: String) throws(NodeProblem) -> ONNXTensor? {
        guard let attribute = try attribute(name, .tensor) else { return nil }
        return try ONNXTensor(attribute.t, externalData: externalData)
    }

    /// A subgraph.
    func graphAttribute(_ name: String) throws(NodeProblem) -> Onnx_GraphProto {
        guard let attribute = try attribute(name, .graph) else {
            throw .inconsistent("attribute '\(name)' is absent")
        }
        return attribute.g
    }

    /// Refuses an attribute that is not at the value that is computed here.
    func require(_ name: String, isAbsentOr value: Int, help: String) throws(NodeProblem) {
        guard let stated = try int(name), stated != value else { return }
        throw NodeProblem(.option, "\(name) is \(stated)", help: help)
    }

    /// Refuses a node whose output `index` is read.
    func requireUnused(_ index: Int, _ role: String) throws(NodeProblem) {
        guard writes(index) else { return }
        throw NodeProblem(
            .option,
            "its output \(index), \(role), is read",
            help: "export the model for inference, without that output"
        )
    }
}
