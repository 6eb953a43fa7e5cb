import NIOCore

/// Closes a connection whose client is too slow, or silent for too long.
///
/// waiting -> receiving -> waiting -> ... The first byte that arrives begins a request, the first
/// byte that is written ends it; between the two lies the request's deadline, which further bytes
/// do not move. It therefore bounds reading and answering together, and a client that drips one
/// byte a second is cut. While it waits, a connection is closed after the idle time; a new one
/// that says nothing at all already after a request's time, so that places are not held for free.
final class ConnectionDeadline: ChannelDuplexHandler {
    // A class, because NIO's handlers are. It sees bytes, below the HTTP decoder.
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Why a connection was closed.
    enum Reason: String, CaseIterable, Sendable {
        case slow, idle
    }

    private let request: TimeAmount
    private let idle: TimeAmount
    private let onCut: (Reason) -> Void
    private var task: Scheduled<Void>?
    private var isReceiving = false
    /// The end of the idle time, moved without a new task at each byte.
    private var idleEnd = NIODeadline.distantFuture

    init(limits: Limits, onCut: @escaping (Reason) -> Void) {
        request = .milliseconds(Int64(limits.requestMilliseconds))
        idle = .milliseconds(Int64(limits.idleMilliseconds))
        self.onCut = onCut
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { wait(min(request, idle), context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        wait(min(request, idle), context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        task?.cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { task?.cancel() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !isReceiving {
            isReceiving = true
            schedule(.slow, at: .now() + request, context)
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if isReceiving {
            isReceiving = false
            wait(idle, context)
        } else {
            idleEnd = .now() + idle
        }
        context.write(data, promise: promise)
    }

    private func wait(_ time: TimeAmount, _ context: ChannelHandlerContext) {
        idleEnd = .now() + time
        schedule(.idle, at: idleEnd, context)
    }

    private func schedule(_ reason: Reason, at time: NIODeadline, _ context: ChannelHandlerContext)
    {
        task?.cancel()
        // The task runs on the channel's own loop and is cancelled when the handler leaves.
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        task = context.eventLoop.scheduleTask(deadline: time) {
            bound.value.handler.expire(reason, bound.value.context)
        }
    }

    private func expire(_ reason: Reason, _ context: ChannelHandlerContext) {
        if reason == .idle, idleEnd > .now() {
            return schedule(.idle, at: idleEnd, context)
        }
        onCut(reason)
        context.close(promise: nil)
    }
}

/// Puts a connection's deadline in front of its HTTP decoder.
///
/// The server gives only handlers behind the decoder a place of their own, where the bytes of an
/// unfinished header are never seen.
final class ConnectionDeadlineInstaller: ChannelInboundHandler, RemovableChannelHandler {
    // A class, because NIO's handlers are.
    typealias InboundIn = NIOAny

    private let deadline: ConnectionDeadline

    init(_ deadline: ConnectionDeadline) { self.deadline = deadline }

    func handlerAdded(context: ChannelHandlerContext) {
        do {
            try context.pipeline.syncOperations.addHandler(deadline, position: .first)
        } catch {
            // Without its deadline a connection is not served.
            context.close(promise: nil)
        }
    }
}
