public import ModelGraph

/// A file format of trained models.
public enum ModelFormat: String, Sendable, Hashable, CaseIterable {
    /// TensorFlow Lite, also called LiteRT: FlatBuffers with the identifier `TFL3`.
    case tflite
    /// ONNX: a serialized `ModelProto`.
    case onnx
}

/// What the model file does not say.
public struct ImportOptions: Sendable, Hashable {
    /// The shapes of inputs by name, where the model leaves dimensions open.
    public var shapes: [String: [Int]]
    /// The model's folder, in which an ONNX model may keep large constants; `nil` refuses them.
    public var folder: String?

    /// Makes options.
    public init(shapes: [String: [Int]] = [:], folder: String? = nil) {
        self.shapes = shapes
        self.folder = folder
    }
}

/// Limits of a model file.
///
/// They bound the time and memory that a hostile file can cause.
public enum ImportLimits {
    /// Bytes of a file: FlatBuffers offsets are 32 bits, signed where they point backwards.
    public static let modelSizeBytesMax = Int(Int32.max)
    /// Kinds of operators, custom ones included; there are about 210 built-in ones.
    public static let operatorCodeCountMax = 4_096
    /// Buffers: one a tensor, and some for metadata.
    public static let bufferCountMax = GraphLimits.tensorCountMax + 65_536
    /// Operands of one operator; wide concatenations have a few dozen.
    public static let operandCountMax = 1_024
    /// Scales of one tensor: the output channels of the widest layers in use, several times.
    public static let channelCountMax = 65_536
    /// Bytes of a name that are kept; converters join the names of fused layers to kilobytes.
    public static let nameSizeBytesMax = 256
}

/// Reads a trained model into a graph, or says everything that stands in the way.
///
/// The graph is well formed (`Graph.validate`) and its shapes follow from its operators; whether
/// it is fully quantized, `QuantizedGraph(proving:)` decides. Integer models of TFLite and ONNX
/// (QDQ and QLinear) are: uint8 becomes int8 by subtracting 128 from stored values and zero
/// points.
///
/// - Parameters:
///   - bytes: the whole file. No part of it is trusted.
///   - name: the graph's name, for reports.
///   - format: the file's format; `nil` detects it.
///   - options: what the file leaves open.
/// - Returns: the graph.
/// - Throws: `ImportError`; `.unsupported` lists all unsupported features at once.
public func importModel(
    _ bytes: [UInt8],
    name: String,
    format: ModelFormat? = nil,
    options: ImportOptions = ImportOptions()
) throws(ImportError) -> Graph {
    guard bytes.count <= ImportLimits.modelSizeBytesMax else {
        throw .modelTooLarge(
            sizeBytes: bytes.count,
            limitBytes: ImportLimits.modelSizeBytesMax
        )
    }
    let isFlatBuffer = FlatBuffer.hasIdentifier(TFLiteModel.identifier, bytes)
    if format == .onnx || format == nil && !isFlatBuffer && DetectedFormat(bytes) == .onnx {
        var importer = ONNXImporter(try ONNXModel(bytes), name: name, options: options)
        return try importer.importGraph()
    }
    guard format != nil || isFlatBuffer else { throw .unsupportedFormat(DetectedFormat(bytes)) }
    let model = try TFLiteModel(bytes)
    var importer = TFLiteImporter(model, name: name)
    return try importer.importGraph()
}

extension DetectedFormat {
    /// Guesses from the first bytes what a file is that is no TFLite model.
    init(_ bytes: [UInt8]) {
        if bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) {
            self = .zip
        } else if bytes.starts(with: [0x89, 0x48, 0x44, 0x46]) {
            self = .hdf5
        } else if ProtobufCensus.isModel(bytes) {
            self = .onnx
        } else if bytes.count > 4, bytes[0] == 0x08, bytes[1] < 32, bytes[2] & 7 == 2 {
            // `ModelProto.ir_version`, field 1, a small varint; then a length-delimited field.
            self = .onnx
        } else {
            self = .unknown
        }
    }
}
