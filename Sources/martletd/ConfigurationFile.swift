import AgentProtocol
import CPlatform

/// The configuration file.
enum ConfigurationFile {
    /// Reads the file at `path`.
    static func read(_ path: Path) throws(AgentError) -> Configuration {
        let text = try OwnedFile(path, how: platform_open_read)
            .contents(sizeMax: ConfigurationReader.sizeMax)
        do throws(ConfigurationFault) {
            return try ConfigurationReader.parse(text)
        } catch {
            throw .configuration(error.what, line: error.line, path: path)
        }
    }
}
