import Foundation

/// The files beside a model in which it keeps large constants.
///
/// A location is a relative path of plain names; once every symbolic link is resolved, the file
/// must still lie inside the model's folder and be a regular file.
struct ExternalData: Sendable {
    /// The model's folder; `nil` refuses external data.
    let folder: String?

    /// The bytes of one tensor.
    func read(_ proto: Onnx_TensorProto, sizeBytes: Int) throws(NodeProblem) -> Data {
        guard let folder else {
            throw NodeProblem(
                .structure,
                "constant '\(proto.name)' lies in another file",
                help: "import the model from its folder, or save it as a single file"
            )
        }
        var entries: [String: String] = [:]
        for entry in proto.externalData { entries[entry.key] = entry.value }
        guard let location = entries["location"],
            let offset = Self.number(entries["offset"] ?? "0"),
            let length = Self.number(entries["length"] ?? "\(sizeBytes)")
        else { throw .inconsistent("the external data of '\(proto.name)' is not located") }
        guard length == sizeBytes else {
            throw .inconsistent(
                "'\(proto.name)' has \(length) external bytes where \(sizeBytes) follow"
            )
        }
        let path = try resolve(location, in: folder)
        guard sizeBytes > 0 else { return Data() }
        guard let handle = FileHandle(forReadingAtPath: path) else { throw missing(location) }
        defer { try? handle.close() }
        do {
            let end = try handle.seekToEnd()
            guard UInt64(offset) <= end, UInt64(length) <= end - UInt64(offset) else {
                throw NodeProblem.inconsistent(
                    "'\(proto.name)' needs bytes \(offset)..<\(offset)+\(length) of "
                        + "'\(location)', which has \(end)"
                )
            }
            try handle.seek(toOffset: UInt64(offset))
            guard let data = try handle.read(upToCount: length), data.count == length else {
                throw missing(location)
            }
            return data
        } catch let problem as NodeProblem {
            throw problem
        } catch {
            throw missing(location)
        }
    }

    /// A decimal number without sign, at most 2^53.
    private static func number(_ text: String) -> Int? {
        guard let value = Int(text), (0...(1 << 53)).contains(value) else { return nil }
        return value
    }

    private func missing(_ location: String) -> NodeProblem {
        NodeProblem(
            .structure,
            "the external file '\(location)' cannot be read",
            help: "keep it in the model's folder"
        )
    }

    private func resolve(_ location: String, in folder: String) throws(NodeProblem) -> String {
        let parts = location.split(separator: "/", omittingEmptySubsequences: false)
        let isPlain =
            !location.isEmpty && location.utf8.count <= 1_024 && !location.utf8.contains(0)
            && !location.contains("\\") && parts.allSatisfy { !["", "..", "."].contains($0) }
        let refused = NodeProblem(
            .structure,
            "the external file '\(location)' is not inside the model's folder",
            help: "keep it in the model's folder"
        )
        guard isPlain else { throw refused }
        let base = URL(filePath: folder).resolvingSymlinksInPath()
        let file = base.appending(path: location).resolvingSymlinksInPath()
        guard file.pathComponents.count > base.pathComponents.count,
            file.pathComponents.starts(with: base.pathComponents)
        else { throw refused }
        let path = file.path(percentEncoded: false)
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard let type = attributes?[.type] as? FileAttributeType, type == .typeRegular else {
            throw missing(location)
        }
        return path
    }
}
