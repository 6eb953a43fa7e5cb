/// The version of the tools, recorded in every bundle's provenance.
enum Version {
    static let text = "0.1.0"
}
