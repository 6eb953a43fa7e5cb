import ModelGraph

/// Why one operator has no translation; the importer adds where, and goes on with the next.
struct NodeProblem: Error {
    let kind: UnsupportedFeature.Kind
    let reason: String
    let help: String

    init(_ kind: UnsupportedFeature.Kind, _ reason: String, help: String) {
        self.kind = kind
        self.reason = reason
        self.help = help
    }

    /// A contradiction inside the model, which no other export option changes.
    static func inconsistent(_ reason: String) -> NodeProblem {
        NodeProblem(.inconsistency, reason, help: "the file is damaged or its exporter is wrong")
    }

    /// A rule of `ModelGraph` that the translated node breaks.
    init(_ error: GraphError) {
        switch error {
        case .shapeMismatch(_, let detail): self = .inconsistent(detail)
        default: self = .inconsistent("\(error)")
        }
    }

    /// An element type on which the operator is not computed here.
    init(typeOf tensor: TFLiteTensor) {
        let reason =
            "'\(tensor.name)' is \(tensor.typeName), only int8, uint8 and int16 are computed"
        let help =
            switch tensor.type {
            case .float32, .float16, .float64, .bfloat16:
                "export the whole model with full integer quantization (int8)"
            case .int4, .int2, .uint4: "export with 8-bit weights"
            case .resource, .variant: "export a model that keeps no state between calls"
            default: "compute this value outside the model"
            }
        self.init(.type, reason, help: help)
    }
}

/// What the owner of a model can do about operators that have no translation.
enum TFLiteAdvice {
    /// Advice for an operator, by its name in the schema.
    static func help(for name: String) -> String {
        switch name {
        case "BIDIRECTIONAL_SEQUENCE_LSTM", "LSTM", "RNN", "SVDF",
            "UNIDIRECTIONAL_SEQUENCE_RNN", "BIDIRECTIONAL_SEQUENCE_RNN":
            "of recurrent layers only UNIDIRECTIONAL_SEQUENCE_LSTM is supported"
        case "IF", "WHILE", "CALL", "STABLEHLO_WHILE", "STABLEHLO_CASE":
            "control flow is not supported; export the branch that is taken"
        case "SHAPE", "RANK", "FILL", "RANGE", "BROADCAST_ARGS":
            "export with a fixed input shape, so that the converter folds shape arithmetic"
        case "ELU", "GELU": "use RELU, RELU6, PRELU, LEAKY_RELU or HARD_SWISH instead"
        case "REDUCE_PROD": "use MEAN, SUM or REDUCE_MAX instead"
        case "NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5", "TOPK_V2", "GATHER_ND":
            "cut the model before its post-processing and do that in the application"
        case _ where name.hasPrefix("CUSTOM"):
            "convert with built-in operators only, or cut the model before this operator"
        case _ where name.hasPrefix("STABLEHLO"):
            "convert with a current converter to TFLite's built-in operators"
        default: "replace it with supported operators, or cut the model before it"
        }
    }
}
