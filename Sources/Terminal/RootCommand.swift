package import ArgumentParser

/// The root of a program's commands, which ends with the documented exit statuses.
package protocol RootCommand: ParsableCommand {
    /// The failure that an error stands for; `nil` for errors of the command line's own grammar.
    static func failure(describing error: any Error) -> Failure?
}

extension RootCommand {
    /// Runs the command that the arguments name, and tells people what went wrong with it.
    package static func status(of arguments: [String]) async -> ExitStatus {
        do {
            var command = try parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return .success
        } catch {
            return report(error)
        }
    }

    private static func report(_ error: any Error) -> ExitStatus {
        if let failure = error as? Failure ?? failure(describing: error) {
            Console.note(failure.message)
            return failure.status
        }
        // Help, version and completion scripts arrive as errors with exit code 0.
        let text = fullMessage(for: error)
        guard exitCode(for: error) != .success else {
            Console.printLine(text)
            return .success
        }
        Console.note(text)
        return exitCode(for: error) == .validationFailure ? .usage : .internalError
    }
}
