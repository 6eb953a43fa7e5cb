/// The version of the host's programs, which bundles and metrics record.
package enum Version {
    package static let text = "0.1.0"
}
